'use strict';

const assert = require('node:assert');
const { api, assertError, createArticle, createUser, unique } = require('./helpers');

describe('favorites', () => {
  let author;
  let reader;

  before(async () => {
    author = await createUser('author');
    reader = await createUser('reader');
  });

  it('counts each reader once', async () => {
    const { slug } = await createArticle(author);
    const favorite = (user) => api(user).post(`/api/articles/${slug}/favorite`);

    await favorite(author);
    await favorite(reader);
    const res = await favorite(reader);

    assert.strictEqual(res.status, 200);
    assert.strictEqual(res.body.article.slug, slug);
    assert.strictEqual(res.body.article.favorited, true);
    assert.strictEqual(res.body.article.favoritesCount, 2);
  });

  it('shows favorited per viewer', async () => {
    const { slug } = await createArticle(author);
    await api(reader).post(`/api/articles/${slug}/favorite`);

    const anonymous = await api().get(`/api/articles/${slug}`);
    assert.strictEqual(anonymous.body.article.favorited, false);
    assert.strictEqual(anonymous.body.article.favoritesCount, 1);
    const own = await api(reader).get(`/api/articles/${slug}`);
    assert.strictEqual(own.body.article.favorited, true);
  });

  it('takes a favorite back, any number of times', async () => {
    const { slug } = await createArticle(author);
    await api(reader).post(`/api/articles/${slug}/favorite`);

    for (let times = 0; times < 2; times += 1) {
      const res = await api(reader).delete(`/api/articles/${slug}/favorite`);
      assert.strictEqual(res.status, 200);
      assert.strictEqual(res.body.article.favorited, false);
      assert.strictEqual(res.body.article.favoritesCount, 0);
    }
  });

  it('requires a token', async () => {
    const { slug } = await createArticle(author);
    const path = `/api/articles/${slug}/favorite`;
    assertError(await api().post(path), 401, 'token', 'is missing');
    assertError(await api().delete(path), 401, 'token', 'is missing');
  });

  it('answers 404 for an unknown slug', async () => {
    const path = `/api/articles/${unique('no')}/favorite`;
    assertError(await api(reader).post(path), 404, 'article', 'not found');
    assertError(await api(reader).delete(path), 404, 'article', 'not found');
  });
});

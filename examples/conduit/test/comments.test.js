'use strict';

const assert = require('node:assert');
const {
  api,
  assertError,
  assertTimestamp,
  createArticle,
  createComment,
  createUser,
  follow,
  unique,
} = require('./helpers');

describe('comments', () => {
  let author;
  let reader;
  let article;
  let path;

  before(async () => {
    author = await createUser('author');
    reader = await createUser('reader');
  });

  beforeEach(async () => {
    article = await createArticle(author);
    path = `/api/articles/${article.slug}/comments`;
  });

  describe('POST', () => {
    it('adds a comment', async () => {
      const res = await api(reader)
        .post(path)
        .send({ comment: { body: 'Lovely.' } });

      assert.strictEqual(res.status, 201);
      const { id, createdAt, updatedAt, ...rest } = res.body.comment;
      assert.ok(Number.isInteger(id));
      assertTimestamp(createdAt);
      assert.strictEqual(updatedAt, createdAt);
      assert.deepStrictEqual(rest, {
        body: 'Lovely.',
        author: { username: reader.username, bio: null, image: null, following: false },
      });
    });

    it('refuses a blank comment', async () => {
      const post = (payload) => api(reader).post(path).send(payload);
      assertError(await post({ comment: { body: ' ' } }), 422, 'body', "can't be blank");
      assertError(await post({ comment: 'hello' }), 422, 'body', "can't be blank");
      assertError(await post({}), 422, 'body', "can't be blank");
    });

    it('answers 401 without a token', async () => {
      const res = await api()
        .post(path)
        .send({ comment: { body: 'x' } });
      assertError(res, 401, 'token', 'is missing');
    });

    it('answers 404 for an unknown article', async () => {
      const res = await api(reader)
        .post(`/api/articles/${unique('no')}/comments`)
        .send({ comment: { body: 'x' } });
      assertError(res, 404, 'article', 'not found');
    });
  });

  describe('GET', () => {
    it('lists the comments of the article, newest first', async () => {
      const first = await createComment(reader, article, 'First!');
      const second = await createComment(author, article, 'Second.');
      await createComment(reader, await createArticle(author));

      const res = await api().get(path);
      assert.strictEqual(res.status, 200);
      assert.deepStrictEqual(res.body, { comments: [second, first] });
    });

    it('starts out empty', async () => {
      assert.deepStrictEqual((await api().get(path)).body, { comments: [] });
    });

    it('tells whether the viewer follows the commenter', async () => {
      const fan = await createUser('fan');
      await follow(fan, reader);
      await createComment(reader, article);
      const res = await api(fan).get(path);
      assert.strictEqual(res.body.comments[0].author.following, true);
    });

    it('answers 404 for an unknown article', async () => {
      const res = await api().get(`/api/articles/${unique('no')}/comments`);
      assertError(res, 404, 'article', 'not found');
    });
  });

  describe('DELETE', () => {
    it('deletes the comment and no other', async () => {
      const kept = await createComment(reader, article, 'Keep me.');
      const doomed = await createComment(reader, article, 'Delete me.');

      const res = await api(reader).delete(`${path}/${doomed.id}`);
      assert.strictEqual(res.status, 204);
      assert.strictEqual(res.text, '');
      assert.deepStrictEqual((await api().get(path)).body, { comments: [kept] });
      assertError(await api(reader).delete(`${path}/${doomed.id}`), 404, 'comment', 'not found');
    });

    it('is for the commenter only, not even for the author of the article', async () => {
      const { id } = await createComment(reader, article);
      assertError(await api(author).delete(`${path}/${id}`), 403, 'comment');
      assertError(await api().delete(`${path}/${id}`), 401, 'token', 'is missing');
    });

    it('answers 404 for a comment of another article', async () => {
      const { id } = await createComment(reader, await createArticle(author));
      assertError(await api(reader).delete(`${path}/${id}`), 404, 'comment', 'not found');
    });

    it('answers 404 for an id that cannot exist', async () => {
      for (const id of ['0', '-1', 'abc', '1.5', '9'.repeat(40)]) {
        assertError(await api(reader).delete(`${path}/${id}`), 404, 'comment', 'not found');
      }
    });
  });
});

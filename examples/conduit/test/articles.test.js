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

describe('articles', () => {
  let author;
  let reader;

  before(async () => {
    author = await createUser('author');
    reader = await createUser('reader');
  });

  describe('POST /api/articles', () => {
    it('publishes an article', async () => {
      const fields = {
        title: 'Growing Tomatoes',
        description: 'From seed to sauce',
        body: 'Start **indoors**.',
        tagList: ['tomatoes', 'garden', 'april'],
      };
      const res = await api(author).post('/api/articles').send({ article: fields });

      assert.strictEqual(res.status, 201);
      const { slug, createdAt, updatedAt, ...rest } = res.body.article;
      assert.match(slug, /^growing-tomatoes-/);
      assertTimestamp(createdAt);
      assert.strictEqual(updatedAt, createdAt);
      assert.deepStrictEqual(rest, {
        ...fields,
        favorited: false,
        favoritesCount: 0,
        author: { username: author.username, bio: null, image: null, following: false },
      });
    });

    it('works without tags', async () => {
      const article = await createArticle(author);
      assert.deepStrictEqual(article.tagList, []);
    });

    it('keeps tags in order and drops repeated ones', async () => {
      const article = await createArticle(author, { tagList: ['zinnia', ' aster', 'zinnia'] });
      assert.deepStrictEqual(article.tagList, ['zinnia', 'aster']);
    });

    it('gives articles with the same title different slugs', async () => {
      const first = await createArticle(author, { title: 'Same title' });
      const second = await createArticle(author, { title: 'Same title' });
      assert.notStrictEqual(first.slug, second.slug);
    });

    it('makes a usable slug from any title', async () => {
      const accented = await createArticle(author, { title: 'Crème brûlée!' });
      assert.match(accented.slug, /^creme-brulee-[a-z0-9]+$/);
      const { slug } = await createArticle(author, { title: '植物' });
      await api().get(`/api/articles/${slug}`).expect(200);
    });

    it('lists every missing field', async () => {
      const res = await api(author)
        .post('/api/articles')
        .send({ article: { title: '' } });
      assert.strictEqual(res.status, 422);
      assert.deepStrictEqual(res.body, {
        errors: {
          title: ["can't be blank"],
          description: ["can't be blank"],
          body: ["can't be blank"],
        },
      });
    });

    it('refuses tags that are not a list of strings', async () => {
      const post = (tagList) =>
        api(author)
          .post('/api/articles')
          .send({ article: { title: 't', description: 'd', body: 'b', tagList } });

      assertError(await post('garden'), 422, 'tagList');
      assertError(await post(['garden', 5]), 422, 'tagList');
      assertError(await post(['']), 422, 'tagList');
    });

    it('answers 401 without a token', async () => {
      const res = await api().post('/api/articles').send({ article: {} });
      assertError(res, 401, 'token', 'is missing');
    });
  });

  describe('GET /api/articles/:slug', () => {
    it('shows an article to anyone', async () => {
      const article = await createArticle(author);
      const res = await api().get(`/api/articles/${article.slug}`);
      assert.strictEqual(res.status, 200);
      assert.deepStrictEqual(res.body, { article });
    });

    it('tells a follower that they follow the author', async () => {
      const fan = await createUser('fan');
      const article = await createArticle(author);
      await follow(fan, author);
      const res = await api(fan).get(`/api/articles/${article.slug}`);
      assert.strictEqual(res.body.article.author.following, true);
    });

    it('answers 404 for an unknown slug', async () => {
      assertError(await api().get(`/api/articles/${unique('no')}`), 404, 'article', 'not found');
    });
  });

  describe('PUT /api/articles/:slug', () => {
    it('changes the slug along with the title', async () => {
      const { slug } = await createArticle(author, { title: 'Old title' });
      const res = await api(author)
        .put(`/api/articles/${slug}`)
        .send({ article: { title: 'New title' } });

      assert.strictEqual(res.status, 200);
      assert.strictEqual(res.body.article.title, 'New title');
      assert.match(res.body.article.slug, /^new-title-/);
      await api().get(`/api/articles/${slug}`).expect(404);
      await api().get(`/api/articles/${res.body.article.slug}`).expect(200);
    });

    it('keeps everything that was not sent', async () => {
      const article = await createArticle(author, { tagList: ['one', 'two'] });
      const res = await api(author)
        .put(`/api/articles/${article.slug}`)
        .send({ article: { body: 'Rewritten.' } });

      assert.strictEqual(res.status, 200);
      const { updatedAt } = res.body.article;
      assertTimestamp(updatedAt);
      assert.ok(updatedAt >= article.updatedAt);
      assert.deepStrictEqual(res.body.article, { ...article, body: 'Rewritten.', updatedAt });
    });

    it('replaces the tags', async () => {
      const { slug } = await createArticle(author, { tagList: ['one', 'two'] });
      const put = (tagList) => api(author).put(`/api/articles/${slug}`).send({ article: { tagList } });

      assert.deepStrictEqual((await put(['three'])).body.article.tagList, ['three']);
      assert.deepStrictEqual((await put([])).body.article.tagList, []);
      assertError(await put(null), 422, 'tagList');
    });

    it('refuses blank values', async () => {
      const { slug } = await createArticle(author);
      const put = (article) => api(author).put(`/api/articles/${slug}`).send({ article });
      assertError(await put({ title: ' ' }), 422, 'title', "can't be blank");
      assertError(await put({ body: null }), 422, 'body', "can't be blank");
    });

    it('is for the author only', async () => {
      const { slug } = await createArticle(author);
      const put = (user) =>
        api(user)
          .put(`/api/articles/${slug}`)
          .send({ article: { title: 'Mine now' } });
      assertError(await put(reader), 403, 'article');
      assertError(await put(), 401, 'token', 'is missing');
    });

    it('answers 404 for an unknown slug', async () => {
      const res = await api(author)
        .put(`/api/articles/${unique('no')}`)
        .send({ article: { title: 'x' } });
      assertError(res, 404, 'article', 'not found');
    });
  });

  describe('DELETE /api/articles/:slug', () => {
    it('deletes the article with everything attached to it', async () => {
      const tag = unique('tag');
      const article = await createArticle(author, { tagList: [tag] });
      await createComment(reader, article);
      await api(reader).post(`/api/articles/${article.slug}/favorite`).expect(200);

      const res = await api(author).delete(`/api/articles/${article.slug}`);
      assert.strictEqual(res.status, 204);
      assert.strictEqual(res.text, '');

      await api().get(`/api/articles/${article.slug}`).expect(404);
      await api().get(`/api/articles/${article.slug}/comments`).expect(404);
      assert.ok(!(await api().get('/api/tags')).body.tags.includes(tag));
    });

    it('is for the author only', async () => {
      const { slug } = await createArticle(author);
      assertError(await api(reader).delete(`/api/articles/${slug}`), 403, 'article');
      assertError(await api().delete(`/api/articles/${slug}`), 401, 'token', 'is missing');
      await api().get(`/api/articles/${slug}`).expect(200);
    });

    it('answers 404 for an unknown slug', async () => {
      assertError(await api(author).delete(`/api/articles/${unique('no')}`), 404, 'article');
    });
  });

  describe('GET /api/articles', () => {
    const slugs = (res) => res.body.articles.map((article) => article.slug);
    let writer;
    let tag;
    let articles;

    before(async () => {
      writer = await createUser('writer');
      tag = unique('tag');
      articles = [];
      for (let n = 1; n <= 5; n += 1) {
        const tagList = n % 2 ? ['shared', tag] : ['shared'];
        articles.push(await createArticle(writer, { title: `Part ${n}`, tagList }));
      }
    });

    it('lists the newest first, without bodies', async () => {
      const res = await api().get('/api/articles').query({ author: writer.username });
      assert.strictEqual(res.status, 200);
      assert.strictEqual(res.body.articlesCount, 5);
      const expected = articles.map(({ body, ...rest }) => rest).reverse();
      assert.deepStrictEqual(res.body.articles, expected);
    });

    it('filters by tag', async () => {
      const res = await api().get('/api/articles').query({ tag });
      assert.strictEqual(res.body.articlesCount, 3);
      assert.deepStrictEqual(
        slugs(res),
        [4, 2, 0].map((n) => articles[n].slug),
      );
    });

    it('filters by who favorited', async () => {
      const fan = await createUser('fan');
      await api(fan).post(`/api/articles/${articles[1].slug}/favorite`).expect(200);

      const res = await api(fan).get('/api/articles').query({ favorited: fan.username });
      assert.deepStrictEqual(slugs(res), [articles[1].slug]);
      assert.strictEqual(res.body.articles[0].favorited, true);
    });

    it('combines filters', async () => {
      const query = { author: author.username, tag };
      const res = await api().get('/api/articles').query(query);
      assert.deepStrictEqual(res.body, { articles: [], articlesCount: 0 });
    });

    it('finds nothing for an unknown author or fan', async () => {
      for (const name of ['author', 'favorited']) {
        const res = await api()
          .get('/api/articles')
          .query({ [name]: unique('nobody') });
        assert.deepStrictEqual(res.body, { articles: [], articlesCount: 0 });
      }
    });

    it('pages with limit and offset and counts everything', async () => {
      const query = { author: writer.username, limit: 2, offset: 1 };
      const res = await api().get('/api/articles').query(query);
      assert.strictEqual(res.body.articlesCount, 5);
      assert.deepStrictEqual(slugs(res), [articles[3].slug, articles[2].slug]);
    });

    it('ignores a limit or offset that is not a whole number', async () => {
      for (const value of ['-1', 'many', '1.5', '']) {
        const query = { author: writer.username, limit: value, offset: value };
        const res = await api().get('/api/articles').query(query);
        assert.strictEqual(res.status, 200);
        assert.strictEqual(res.body.articles.length, 5);
      }
    });

    it('answers an absurd offset with an empty page', async () => {
      const query = { author: writer.username, offset: '9'.repeat(40) };
      const res = await api().get('/api/articles').query(query);
      assert.strictEqual(res.status, 200);
      assert.deepStrictEqual(res.body, { articles: [], articlesCount: 5 });
    });

    it('survives repeated query parameters', async () => {
      await api().get('/api/articles?tag=a&tag=b&limit=1&limit=2&author[x]=y').expect(200);
    });

    it('shows 20 articles unless told otherwise, and never more than 100', async () => {
      const prolific = await createUser('prolific');
      for (let n = 0; n < 101; n += 1) await createArticle(prolific);

      const list = (query) =>
        api()
          .get('/api/articles')
          .query({ author: prolific.username, ...query });
      assert.strictEqual((await list()).body.articles.length, 20);

      const res = await list({ limit: 1000 });
      assert.strictEqual(res.body.articles.length, 100);
      assert.strictEqual(res.body.articlesCount, 101);
    }).timeout(10000);
  });

  describe('GET /api/articles/feed', () => {
    it('shows articles of followed authors only', async () => {
      const followed = await createUser('followed');
      const stranger = await createUser('stranger');
      const fan = await createUser('fan');
      await follow(fan, followed);
      const first = await createArticle(followed);
      const second = await createArticle(followed);
      await createArticle(stranger);

      const res = await api(fan).get('/api/articles/feed');
      assert.strictEqual(res.status, 200);
      assert.strictEqual(res.body.articlesCount, 2);
      assert.deepStrictEqual(
        res.body.articles.map(({ slug }) => slug),
        [second.slug, first.slug],
      );
      assert.strictEqual(res.body.articles[0].author.following, true);
      assert.ok(!('body' in res.body.articles[0]));

      const page = await api(fan).get('/api/articles/feed').query({ limit: 1, offset: 1 });
      assert.strictEqual(page.body.articlesCount, 2);
      assert.deepStrictEqual(
        page.body.articles.map(({ slug }) => slug),
        [first.slug],
      );
    });

    it('is empty for someone who follows nobody', async () => {
      const res = await api(reader).get('/api/articles/feed');
      assert.deepStrictEqual(res.body, { articles: [], articlesCount: 0 });
    });

    it('answers 401 without a token', async () => {
      assertError(await api().get('/api/articles/feed'), 401, 'token', 'is missing');
    });
  });
});

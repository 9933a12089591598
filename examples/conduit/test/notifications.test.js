'use strict';

const assert = require('node:assert');
const {
  api,
  assertError,
  assertTimestamp,
  createArticle,
  createUser,
  follow,
  waitForNotifications,
} = require('./helpers');

describe('notifications', function () {
  this.timeout(10000);

  let author;

  beforeEach(async () => {
    author = await createUser('author');
  });

  it('tells every follower about a new article', async () => {
    const fans = [await createUser('fan'), await createUser('fan')];
    for (const fan of fans) await follow(fan, author);
    const article = await createArticle(author, { title: 'Compost' });

    for (const fan of fans) {
      const notifications = await waitForNotifications(fan);
      assert.strictEqual(notifications.length, 1);
      const { id, createdAt, ...rest } = notifications[0];
      assert.ok(Number.isInteger(id));
      assertTimestamp(createdAt);
      assert.deepStrictEqual(rest, {
        type: 'article_published',
        message: `${author.username} published "Compost"`,
        articleSlug: article.slug,
      });
    }
  });

  it('lists the newest first', async () => {
    const fan = await createUser('fan');
    await follow(fan, author);
    const first = await createArticle(author);
    await waitForNotifications(fan, 1);
    const second = await createArticle(author);

    const notifications = await waitForNotifications(fan, 2);
    assert.deepStrictEqual(
      notifications.map(({ articleSlug }) => articleSlug),
      [second.slug, first.slug],
    );
  });

  it('leaves out the author, strangers and former followers', async () => {
    const fan = await createUser('fan');
    const former = await createUser('former');
    const stranger = await createUser('stranger');
    await follow(fan, author);
    await follow(former, author);
    await api(former).delete(`/api/profiles/${author.username}/follow`).expect(200);

    await createArticle(author);
    await waitForNotifications(fan);
    for (const user of [author, former, stranger]) {
      const res = await api(user).get('/api/notifications');
      assert.deepStrictEqual(res.body, { notifications: [] });
    }
  });

  it('notifies once per article, not again on updates', async () => {
    const fan = await createUser('fan');
    await follow(fan, author);
    const { slug } = await createArticle(author);
    await waitForNotifications(fan);

    const res = await api(author)
      .put(`/api/articles/${slug}`)
      .send({ article: { title: 'Renamed' } });
    const notifications = await waitForNotifications(fan);
    assert.strictEqual(notifications.length, 1);
    assert.strictEqual(notifications[0].articleSlug, res.body.article.slug);
  });

  it('disappear with the article', async () => {
    const fan = await createUser('fan');
    await follow(fan, author);
    const { slug } = await createArticle(author);
    await waitForNotifications(fan);

    await api(author).delete(`/api/articles/${slug}`).expect(204);
    const res = await api(fan).get('/api/notifications');
    assert.deepStrictEqual(res.body, { notifications: [] });
  });

  it('answers 401 without a token', async () => {
    assertError(await api().get('/api/notifications'), 401, 'token', 'is missing');
  });
});

'use strict';

const assert = require('node:assert');
const { api, assertError, createUser, follow, unique } = require('./helpers');

describe('profiles', () => {
  let celeb;
  let fan;

  before(async () => {
    celeb = await createUser('celeb');
    fan = await createUser('fan');
  });

  it('shows a profile to anyone', async () => {
    const res = await api().get(`/api/profiles/${celeb.username}`);
    assert.strictEqual(res.status, 200);
    assert.deepStrictEqual(res.body, {
      profile: { username: celeb.username, bio: null, image: null, following: false },
    });
  });

  it('answers 404 for an unknown username', async () => {
    const path = `/api/profiles/${unique('nobody')}`;
    assertError(await api().get(path), 404, 'profile', 'not found');
    assertError(await api(fan).post(`${path}/follow`), 404, 'profile', 'not found');
    assertError(await api(fan).delete(`${path}/follow`), 404, 'profile', 'not found');
  });

  it('answers 401 for a bad token even where none is needed', async () => {
    const res = await api({ token: 'nonsense' }).get(`/api/profiles/${celeb.username}`);
    assertError(res, 401, 'token', 'is invalid');
  });

  it('follows and unfollows, any number of times', async () => {
    const path = `/api/profiles/${celeb.username}`;
    const following = async () => (await api(fan).get(path)).body.profile.following;

    assert.strictEqual((await follow(fan, celeb)).following, true);
    assert.strictEqual((await follow(fan, celeb)).following, true);
    assert.strictEqual(await following(), true);

    for (let times = 0; times < 2; times += 1) {
      const res = await api(fan).delete(`${path}/follow`);
      assert.strictEqual(res.status, 200);
      assert.strictEqual(res.body.profile.following, false);
    }
    assert.strictEqual(await following(), false);
  });

  it('reports following per viewer', async () => {
    const other = await createUser('other');
    await follow(other, celeb);
    const res = await api(celeb).get(`/api/profiles/${other.username}`);
    assert.strictEqual(res.body.profile.following, false);
  });

  it('refuses following oneself', async () => {
    const res = await api(fan).post(`/api/profiles/${fan.username}/follow`);
    assertError(res, 422, 'username');
  });

  it('requires a token to follow and unfollow', async () => {
    const path = `/api/profiles/${celeb.username}/follow`;
    assertError(await api().post(path), 401, 'token', 'is missing');
    assertError(await api().delete(path), 401, 'token', 'is missing');
  });
});

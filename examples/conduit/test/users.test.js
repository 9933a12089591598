'use strict';

const assert = require('node:assert');
const { PASSWORD, api, assertError, createUser, unique } = require('./helpers');

describe('users', () => {
  describe('POST /api/users', () => {
    it('registers a user and answers with a token', async () => {
      const username = unique('ada');
      const email = `${username}@example.com`;
      const res = await api()
        .post('/api/users')
        .send({ user: { username, email, password: PASSWORD } });

      assert.strictEqual(res.status, 201);
      const { token, ...user } = res.body.user;
      assert.deepStrictEqual(user, { email, username, bio: null, image: null });
      assert.strictEqual(token.split('.').length, 3);
    });

    it('stores the email in lower case', async () => {
      const username = unique('ada');
      const res = await api()
        .post('/api/users')
        .send({ user: { username, email: `${username}@Example.COM`, password: PASSWORD } });
      assert.strictEqual(res.body.user.email, `${username}@example.com`);
    });

    it('lists every missing field', async () => {
      const res = await api()
        .post('/api/users')
        .send({ user: { username: '  ' } });
      assert.strictEqual(res.status, 422);
      assert.deepStrictEqual(res.body, {
        errors: {
          username: ["can't be blank"],
          email: ["can't be blank"],
          password: ["can't be blank"],
        },
      });
    });

    it('answers 422 when there is no body at all', async () => {
      assertError(await api().post('/api/users'), 422, 'email', "can't be blank");
    });

    it('refuses a malformed email', async () => {
      const user = { username: unique('ada'), email: 'nowhere', password: PASSWORD };
      assertError(await api().post('/api/users').send({ user }), 422, 'email', 'is invalid');
    });

    it('refuses values that are not strings', async () => {
      const user = { username: { $ne: 1 }, email: 'a@example.com', password: PASSWORD };
      const res = await api().post('/api/users').send({ user });
      assertError(res, 422, 'username', 'must be a string');
    });

    it('refuses a password longer than bcrypt reads', async () => {
      const user = { username: unique('ada'), email: 'a@example.com', password: 'x'.repeat(73) };
      assertError(await api().post('/api/users').send({ user }), 422, 'password', 'is too long');
    });

    it('refuses a username that is taken', async () => {
      const { username } = await createUser();
      const user = { username, email: `${unique('x')}@example.com`, password: PASSWORD };
      const res = await api().post('/api/users').send({ user });
      assertError(res, 422, 'username', 'has already been taken');
    });

    it('refuses an email that is taken, whatever its case', async () => {
      const { email } = await createUser();
      const user = { username: unique('x'), email: email.toUpperCase(), password: PASSWORD };
      const res = await api().post('/api/users').send({ user });
      assertError(res, 422, 'email', 'has already been taken');
    });
  });

  describe('POST /api/users/login', () => {
    it('answers with the user', async () => {
      const { email, username } = await createUser();
      const res = await api()
        .post('/api/users/login')
        .send({ user: { email, password: PASSWORD } });
      assert.strictEqual(res.status, 200);
      assert.strictEqual(res.body.user.username, username);
      await api(res.body.user).get('/api/user').expect(200);
    });

    it('refuses a wrong password', async () => {
      const { email } = await createUser();
      const res = await api()
        .post('/api/users/login')
        .send({ user: { email, password: 'guess' } });
      assertError(res, 401, 'email or password', 'is invalid');
    });

    it('refuses an unknown email with the same answer', async () => {
      const user = { email: `${unique('nobody')}@example.com`, password: PASSWORD };
      const res = await api().post('/api/users/login').send({ user });
      assertError(res, 401, 'email or password', 'is invalid');
    });

    it('requires both fields', async () => {
      const res = await api()
        .post('/api/users/login')
        .send({ user: { email: 'a@example.com' } });
      assertError(res, 422, 'password', "can't be blank");
    });
  });

  describe('GET /api/user', () => {
    let user;

    before(async () => {
      user = await createUser();
    });

    it('answers with the current user', async () => {
      const res = await api(user).get('/api/user');
      assert.strictEqual(res.status, 200);
      assert.strictEqual(res.body.user.email, user.email);
      assert.ok(!('passwordHash' in res.body.user));
    });

    it('accepts the Bearer scheme too', async () => {
      await api().get('/api/user').set('Authorization', `Bearer ${user.token}`).expect(200);
    });

    it('answers 401 without a token', async () => {
      assertError(await api().get('/api/user'), 401, 'token', 'is missing');
    });

    it('answers 401 with a forged token', async () => {
      const [header, payload] = user.token.split('.');
      const res = await api({ token: `${header}.${payload}.forged` }).get('/api/user');
      assertError(res, 401, 'token', 'is invalid');
    });

    it('answers 401 with an unsigned token', async () => {
      const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
      const token = `${encode({ alg: 'none', typ: 'JWT' })}.${encode({ id: 1 })}.`;
      assertError(await api({ token }).get('/api/user'), 401, 'token', 'is invalid');
    });
  });

  describe('PUT /api/user', () => {
    it('updates the given fields only', async () => {
      const user = await createUser();
      const changes = { bio: 'Gardener', image: 'https://example.com/me.png' };
      const res = await api(user).put('/api/user').send({ user: changes });

      assert.strictEqual(res.status, 200);
      const { token, ...rest } = res.body.user;
      assert.ok(token);
      assert.deepStrictEqual(rest, { email: user.email, username: user.username, ...changes });
    });

    it('clears bio and image with null', async () => {
      const user = await createUser();
      await api(user)
        .put('/api/user')
        .send({ user: { bio: 'Gardener' } })
        .expect(200);
      const res = await api(user)
        .put('/api/user')
        .send({ user: { bio: null, image: null } });
      assert.strictEqual(res.status, 200);
      assert.strictEqual(res.body.user.bio, null);
    });

    it('changes the password', async () => {
      const user = await createUser();
      const login = (password) =>
        api()
          .post('/api/users/login')
          .send({ user: { email: user.email, password } });

      await api(user)
        .put('/api/user')
        .send({ user: { password: 'another one' } })
        .expect(200);
      assert.strictEqual((await login('another one')).status, 200);
      assert.strictEqual((await login(PASSWORD)).status, 401);
    });

    it('keeps the token valid after a change of username', async () => {
      const user = await createUser();
      const username = unique('renamed');
      await api(user).put('/api/user').send({ user: { username } }).expect(200);
      const res = await api(user).get('/api/user').expect(200);
      assert.strictEqual(res.body.user.username, username);
    });

    it('refuses blank or foreign values', async () => {
      const user = await createUser();
      const other = await createUser();
      const put = (changes) => api(user).put('/api/user').send({ user: changes });

      assertError(await put({ username: '' }), 422, 'username', "can't be blank");
      assertError(await put({ email: null }), 422, 'email', "can't be blank");
      assertError(await put({ bio: 7 }), 422, 'bio', 'must be a string');
      assertError(await put({ email: other.email }), 422, 'email', 'has already been taken');
    });

    it('answers 401 without a token', async () => {
      const res = await api()
        .put('/api/user')
        .send({ user: { bio: 'x' } });
      assertError(res, 401, 'token');
    });
  });
});

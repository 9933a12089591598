'use strict';

const Module = require('node:module');

process.env.NODE_ENV = 'test';

if (process.env.EXPRESS_MAJOR === '4') {
  const resolveFilename = Module._resolveFilename;
  Module._resolveFilename = function resolveExpress4(request, ...rest) {
    return resolveFilename.call(this, request === 'express' ? 'express4' : request, ...rest);
  };
}

const assert = require('node:assert');
const crypto = require('node:crypto');
const request = require('supertest');
const app = require('../app');

const PASSWORD = 'correct horse battery';

function unique(prefix) {
  return `${prefix}-${crypto.randomBytes(6).toString('hex')}`;
}

function api(user) {
  const agent = request.agent(app);
  if (user) agent.set('Authorization', `Token ${user.token}`);
  return agent;
}

async function createUser(name = 'user') {
  const username = unique(name);
  const res = await api()
    .post('/api/users')
    .send({ user: { username, email: `${username}@example.com`, password: PASSWORD } });
  assert.strictEqual(res.status, 201, res.text);
  return res.body.user;
}

async function createArticle(author, fields = {}) {
  const article = {
    title: 'How to prune roses',
    description: 'Late winter chores',
    body: 'Sharpen the secateurs first.',
    ...fields,
  };
  const res = await api(author).post('/api/articles').send({ article });
  assert.strictEqual(res.status, 201, res.text);
  return res.body.article;
}

async function createComment(author, article, body = 'Thank you, this helped.') {
  const res = await api(author).post(`/api/articles/${article.slug}/comments`).send({ comment: { body } });
  assert.strictEqual(res.status, 201, res.text);
  return res.body.comment;
}

async function follow(follower, followed) {
  const res = await api(follower).post(`/api/profiles/${followed.username}/follow`);
  assert.strictEqual(res.status, 200, res.text);
  return res.body.profile;
}

async function waitForNotifications(user, count = 1, timeout = 2000) {
  const deadline = Date.now() + timeout;
  for (;;) {
    const res = await api(user).get('/api/notifications').expect(200);
    const { notifications } = res.body;
    if (notifications.length >= count) return notifications;
    if (Date.now() > deadline) {
      assert.fail(`expected ${count} notification(s), found ${notifications.length}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function assertError(res, status, field, message) {
  assert.strictEqual(res.status, status, res.text);
  assert.deepStrictEqual(Object.keys(res.body), ['errors']);
  assert.ok(Array.isArray(res.body.errors[field]), `no error for "${field}" in ${res.text}`);
  if (message) assert.deepStrictEqual(res.body.errors[field], [message]);
}

function assertTimestamp(value) {
  assert.strictEqual(new Date(value).toISOString(), value);
}

module.exports = {
  PASSWORD,
  api,
  assertError,
  assertTimestamp,
  createArticle,
  createComment,
  createUser,
  follow,
  unique,
  waitForNotifications,
};

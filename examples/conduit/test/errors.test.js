'use strict';

const assert = require('node:assert');
const path = require('node:path');
const request = require('supertest');
const { api, assertError } = require('./helpers');
const express = require('express');
const asyncHandler = require('../middleware/async-handler');
const { errorHandler } = require('../middleware/error-handler');

describe('errors', () => {
  it('answers 404 for an unknown route', async () => {
    for (const url of ['/', '/nowhere', '/api', '/api/nowhere']) {
      const res = await api().get(url);
      assert.strictEqual(res.status, 404);
      assert.deepStrictEqual(res.body, { errors: { path: ['not found'] } });
    }
  });

  it('answers 404 for an unknown method', async () => {
    assertError(await api().delete('/api/tags'), 404, 'path', 'not found');
  });

  it('answers 400 for malformed JSON', async () => {
    const res = await api().post('/api/users').set('Content-Type', 'application/json').send('{"user":');
    assert.strictEqual(res.status, 400);
    assert.deepStrictEqual(res.body, { errors: { body: ['is not valid JSON'] } });
  });

  it('answers 413 for an oversized body', async () => {
    const user = { username: 'x'.repeat(200 * 1024) };
    assertError(await api().post('/api/users').send({ user }), 413, 'body', 'is too large');
  });

  it('answers 400 for a malformed escape in the path', async () => {
    assertError(await api().get('/api/articles/%E0%A4%A'), 400, 'request', 'is invalid');
  });

  it('lets other origins in', async () => {
    const res = await api().get('/api/tags').set('Origin', 'https://example.com');
    assert.strictEqual(res.headers['access-control-allow-origin'], '*');
  });

  it('hides the details of an unexpected error, thrown or rejected', async () => {
    const app = express();
    app.get('/thrown', () => {
      throw new Error('secret');
    });
    app.get(
      '/rejected',
      asyncHandler(async () => {
        throw new Error('secret');
      }),
    );
    app.use(errorHandler);

    for (const url of ['/thrown', '/rejected']) {
      const res = await request(app).get(url);
      assert.strictEqual(res.status, 500);
      assert.deepStrictEqual(res.body, { errors: { server: ['internal error'] } });
    }
  });

  it('runs on the Express version that was asked for', () => {
    const manifest = path.join(path.dirname(require.resolve('express')), 'package.json');
    const [major] = require(manifest).version.split('.');
    assert.strictEqual(major, process.env.EXPRESS_MAJOR || '5');
  });
});

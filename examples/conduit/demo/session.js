'use strict';

const timeline = require('./timeline');

// One person at the API: sends requests with ids of their own, so that each can be found in the log.
class Session {
  constructor(server, url, name) {
    this.server = server;
    this.url = url;
    this.name = name;
    this.token = null;
    this.count = 0;
  }

  // Shows which stack answered: the app's log says it under the request's id.
  async send(method, path, body) {
    this.count += 1;
    const requestId = `${this.name}-${this.count}`;
    const res = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        'Content-Type': 'application/json',
        'X-Request-Id': requestId,
        ...(this.token && { Authorization: `Token ${this.token}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const answer = res.status === 204 ? null : await res.json();
    const line = await this.server.line(
      (entry) => entry.requestId === requestId && entry.msg.startsWith('request '),
      `the request ${requestId}`,
    );
    const stack = line.arm === 'rage' ? 'rage' : 'express';
    const target = stack === 'rage' ? ` → ${line.controller}#${line.action}` : '';
    timeline[stack](`${requestId.padEnd(8)} ${method} ${path} ${res.status}${target}`);
    return { status: res.status, body: answer, stack, requestId };
  }

  async register() {
    const { body } = await this.send('POST', '/api/users', {
      user: { username: this.name, email: `${this.name}@example.com`, password: 'correct horse battery' },
    });
    this.token = body.user.token;
  }

  async publish(title) {
    const article = { title, description: 'From the demo', body: 'Words.', tagList: ['demo'] };
    return this.send('POST', '/api/articles', { article });
  }
}

module.exports = Session;

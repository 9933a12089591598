'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const env = process.env.NODE_ENV || 'development';
const isTest = env === 'test';

// Tests start without the jobs of former runs, and leave none behind.
function temporaryStorage() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'conduit-'));
  process.on('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

module.exports = {
  env,
  isTest,
  port: process.env.PORT || 3000,
  secret: process.env.CONDUIT_SECRET || 'conduit-development-secret',
  tokenLifetime: '60d',
  database: process.env.CONDUIT_DB || (isTest ? ':memory:' : path.join(__dirname, 'conduit.db')),
  storage: process.env.CONDUIT_STORAGE || (isTest ? temporaryStorage() : path.join(__dirname, 'storage')),
  // Seconds before followers hear of an article.
  notifyDelay: Number(process.env.CONDUIT_NOTIFY_DELAY || 0),
  logLevel: process.env.CONDUIT_LOG_LEVEL || 'auto',
  bcryptRounds: isTest ? 4 : 10,
};

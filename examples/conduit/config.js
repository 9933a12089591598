'use strict';

const path = require('node:path');

const env = process.env.NODE_ENV || 'development';
const isTest = env === 'test';

module.exports = {
  env,
  isTest,
  port: process.env.PORT || 3000,
  secret: process.env.CONDUIT_SECRET || 'conduit-development-secret',
  tokenLifetime: '60d',
  database: process.env.CONDUIT_DB || (isTest ? ':memory:' : path.join(__dirname, 'conduit.db')),
  bcryptRounds: isTest ? 4 : 10,
};

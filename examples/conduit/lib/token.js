'use strict';

const jwt = require('jsonwebtoken');
const config = require('../config');

function sign(user) {
  return jwt.sign({ id: user.id }, config.secret, {
    algorithm: 'HS256',
    expiresIn: config.tokenLifetime,
  });
}

function userIdFrom(token) {
  try {
    return jwt.verify(token, config.secret, { algorithms: ['HS256'] }).id;
  } catch (err) {
    if (err instanceof jwt.JsonWebTokenError) return null;
    throw err;
  }
}

module.exports = { sign, userIdFrom };

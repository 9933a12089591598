'use strict';

const errors = require('../lib/errors');
const token = require('../lib/token');
const User = require('../models/user');

function tokenFrom(req) {
  const match = /^(?:Token|Bearer)\s+(\S+)$/i.exec(req.get('Authorization') || '');
  return match ? match[1] : null;
}

function authenticate(isRequired) {
  return function auth(req, _res, next) {
    const rawToken = tokenFrom(req);

    if (!rawToken) {
      req.user = null;
      return next(isRequired ? errors.unauthorized('is missing') : undefined);
    }

    const userId = token.userIdFrom(rawToken);
    req.user = userId ? User.findById(userId) : null;
    return next(req.user ? undefined : errors.unauthorized('is invalid'));
  };
}

module.exports = {
  required: authenticate(true),
  optional: authenticate(false),
};

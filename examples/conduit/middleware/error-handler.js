'use strict';

const config = require('../config');
const errors = require('../lib/errors');

const BODY_ERRORS = {
  'entity.parse.failed': 'is not valid JSON',
  'entity.too.large': 'is too large',
};

function notFound(_req, _res, next) {
  next(errors.notFound('path'));
}

function describe(err) {
  if (err.errors) return err.errors;
  if (BODY_ERRORS[err.type]) return { body: [BODY_ERRORS[err.type]] };
  return { request: ['is invalid'] };
}

// Express recognises error handlers by their four parameters.
function errorHandler(err, _req, res, next) {
  if (res.headersSent) return next(err);

  const status = err?.status;
  if (status >= 400 && status < 500) {
    return res.status(status).json({ errors: describe(err) });
  }

  if (!config.isTest) console.error(err);
  return res.status(500).json({ errors: { server: ['internal error'] } });
}

module.exports = { notFound, errorHandler };

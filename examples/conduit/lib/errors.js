'use strict';

class HttpError extends Error {
  constructor(status, errors) {
    super(`HTTP ${status}`);
    this.name = 'HttpError';
    this.status = status;
    this.errors = errors;
  }
}

module.exports = {
  HttpError,
  unauthorized: (message, field = 'token') => new HttpError(401, { [field]: [message] }),
  forbidden: (what) => new HttpError(403, { [what]: ['belongs to someone else'] }),
  notFound: (what) => new HttpError(404, { [what]: ['not found'] }),
  invalid: (errors) => new HttpError(422, errors),
};

'use strict';

const DEFAULT_LIMIT = 20;
const MAX_LIMIT = 100;

function wholeNumber(value, fallback, max) {
  return /^\d+$/.test(value) ? Math.min(Number(value), max) : fallback;
}

function pagination(query) {
  return {
    limit: wholeNumber(query.limit, DEFAULT_LIMIT, MAX_LIMIT),
    offset: wholeNumber(query.offset, 0, Number.MAX_SAFE_INTEGER),
  };
}

module.exports = pagination;

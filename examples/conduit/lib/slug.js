'use strict';

const crypto = require('node:crypto');

const MAX_LENGTH = 80;

function slugify(title) {
  const base = title
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_LENGTH)
    .replace(/^-+|-+$/g, '');

  return `${base || 'article'}-${crypto.randomBytes(4).toString('hex')}`;
}

module.exports = slugify;

'use strict';

const bcrypt = require('bcryptjs');
const errors = require('./errors');

const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

function text(value) {
  if (value === undefined || value === null) return "can't be blank";
  if (typeof value !== 'string') return 'must be a string';
  if (value.trim() === '') return "can't be blank";
}

function nullableText(value) {
  if (value !== null && typeof value !== 'string') return 'must be a string';
}

function email(value) {
  return text(value) || (EMAIL.test(value) ? undefined : 'is invalid');
}

function password(value) {
  return text(value) || (bcrypt.truncates(value) ? 'is too long' : undefined);
}

function tagList(value) {
  if (!Array.isArray(value) || value.some((tag) => text(tag))) {
    return 'must be a list of strings';
  }
}

function optional(rule) {
  return (value) => (value === undefined ? undefined : rule(value));
}

function optionalAll(rules) {
  return Object.fromEntries(Object.entries(rules).map(([field, rule]) => [field, optional(rule)]));
}

// Reads the fields named by `rules` from `body[key]`; throws a 422 listing every invalid one.
function validate(body, key, rules) {
  const input = body?.[key] || {};
  const values = {};
  const messages = {};

  Object.keys(rules).forEach((field) => {
    const message = rules[field](input[field]);
    if (message) messages[field] = [message];
    else if (input[field] !== undefined) values[field] = input[field];
  });

  if (Object.keys(messages).length > 0) throw errors.invalid(messages);
  return values;
}

module.exports = {
  validate,
  optional,
  optionalAll,
  text,
  nullableText,
  email,
  password,
  tagList,
};

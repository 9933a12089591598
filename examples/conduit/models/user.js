'use strict';

const bcrypt = require('bcryptjs');
const config = require('../config');
const db = require('../db');
const errors = require('../lib/errors');

const selectById = db.prepare('SELECT * FROM users WHERE id = ?');
const selectByEmail = db.prepare('SELECT * FROM users WHERE email = ?');
const selectByUsername = db.prepare('SELECT * FROM users WHERE username = ?');

const insert = db.prepare(`
  INSERT INTO users (username, email, password_hash, created_at, updated_at)
  VALUES (@username, @email, @passwordHash, @now, @now)
`);

const updateById = db.prepare(`
  UPDATE users
  SET username = @username, email = @email, password_hash = @passwordHash,
      bio = @bio, image = @image, updated_at = @now
  WHERE id = @id
`);

function fromRow(row) {
  if (!row) return null;
  return {
    id: row.id,
    username: row.username,
    email: row.email,
    passwordHash: row.password_hash,
    bio: row.bio,
    image: row.image,
  };
}

function normalizeEmail(email) {
  return email.trim().toLowerCase();
}

function hashPassword(password) {
  return bcrypt.hash(password, config.bcryptRounds);
}

function rejectDuplicates(write) {
  try {
    return write();
  } catch (err) {
    const match = /UNIQUE constraint failed: users\.(username|email)/.exec(err.message);
    throw match ? errors.invalid({ [match[1]]: ['has already been taken'] }) : err;
  }
}

function findById(id) {
  return fromRow(selectById.get(id));
}

function findByEmail(email) {
  return fromRow(selectByEmail.get(normalizeEmail(email)));
}

function findByUsername(username) {
  return fromRow(selectByUsername.get(username));
}

async function create({ username, email, password }) {
  const values = {
    username,
    email: normalizeEmail(email),
    passwordHash: await hashPassword(password),
    now: new Date().toISOString(),
  };
  const { lastInsertRowid } = rejectDuplicates(() => insert.run(values));
  return findById(lastInsertRowid);
}

async function update(user, { password, ...changes }) {
  const values = { ...user, ...changes, now: new Date().toISOString() };
  values.email = normalizeEmail(values.email);
  if (password !== undefined) values.passwordHash = await hashPassword(password);
  rejectDuplicates(() => updateById.run(values));
  return findById(user.id);
}

function checkPassword(user, password) {
  return bcrypt.compare(password, user.passwordHash);
}

module.exports = { findById, findByEmail, findByUsername, create, update, checkPassword };

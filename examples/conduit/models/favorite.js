'use strict';

const db = require('../db');

const insert = db.prepare('INSERT OR IGNORE INTO favorites (user_id, article_id) VALUES (?, ?)');
const remove = db.prepare('DELETE FROM favorites WHERE user_id = ? AND article_id = ?');
const select = db.prepare('SELECT 1 AS found FROM favorites WHERE user_id = ? AND article_id = ?');
const selectCount = db.prepare('SELECT COUNT(*) AS total FROM favorites WHERE article_id = ?');

function add(userId, articleId) {
  insert.run(userId, articleId);
}

function destroy(userId, articleId) {
  remove.run(userId, articleId);
}

function exists(userId, articleId) {
  return Boolean(select.get(userId, articleId));
}

function countFor(articleId) {
  return selectCount.get(articleId).total;
}

module.exports = { add, destroy, exists, countFor };

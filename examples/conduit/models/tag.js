'use strict';

const db = require('../db');

const selectAll = db.prepare(`
  SELECT tag FROM article_tags GROUP BY tag ORDER BY COUNT(*) DESC, tag
`);
const selectForArticle = db.prepare('SELECT tag FROM article_tags WHERE article_id = ? ORDER BY position');
const removeForArticle = db.prepare('DELETE FROM article_tags WHERE article_id = ?');
const insert = db.prepare('INSERT INTO article_tags (article_id, position, tag) VALUES (?, ?, ?)');

function all() {
  return selectAll.all().map((row) => row.tag);
}

function forArticle(articleId) {
  return selectForArticle.all(articleId).map((row) => row.tag);
}

function replaceForArticle(articleId, tags) {
  const unique = new Set(tags.map((tag) => tag.trim()));
  removeForArticle.run(articleId);
  Array.from(unique).forEach((tag, position) => {
    insert.run(articleId, position, tag);
  });
}

module.exports = { all, forArticle, replaceForArticle };

'use strict';

const db = require('../db');

const selectById = db.prepare('SELECT * FROM comments WHERE id = ?');
const selectForArticle = db.prepare('SELECT * FROM comments WHERE article_id = ? ORDER BY id DESC');
const removeById = db.prepare('DELETE FROM comments WHERE id = ?');

const insert = db.prepare(`
  INSERT INTO comments (body, article_id, author_id, created_at, updated_at)
  VALUES (@body, @articleId, @authorId, @now, @now)
`);

function fromRow(row) {
  if (!row) return null;
  return {
    id: row.id,
    body: row.body,
    articleId: row.article_id,
    authorId: row.author_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function findById(id) {
  return fromRow(selectById.get(id));
}

function forArticle(articleId) {
  return selectForArticle.all(articleId).map(fromRow);
}

function create({ body, articleId, authorId }) {
  const now = new Date().toISOString();
  const { lastInsertRowid } = insert.run({ body, articleId, authorId, now });
  return findById(lastInsertRowid);
}

function destroy(comment) {
  removeById.run(comment.id);
}

module.exports = { findById, forArticle, create, destroy };

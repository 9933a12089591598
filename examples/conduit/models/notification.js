'use strict';

const db = require('../db');

const insert = db.prepare(`
  INSERT OR IGNORE INTO notifications (user_id, type, message, article_id, created_at)
  VALUES (@userId, @type, @message, @articleId, @now)
`);

const selectForUser = db.prepare(`
  SELECT n.id, n.type, n.message, n.created_at, a.slug
  FROM notifications n
  JOIN articles a ON a.id = n.article_id
  WHERE n.user_id = ?
  ORDER BY n.id DESC
`);

function fromRow(row) {
  return {
    id: row.id,
    type: row.type,
    message: row.message,
    articleSlug: row.slug,
    createdAt: row.created_at,
  };
}

function create({ userId, type, message, articleId }) {
  insert.run({ userId, type, message, articleId, now: new Date().toISOString() });
}

function articlePublished(userId, article, author) {
  create({
    userId,
    type: 'article_published',
    message: `${author.username} published "${article.title}"`,
    articleId: article.id,
  });
}

function forUser(userId) {
  return selectForUser.all(userId).map(fromRow);
}

module.exports = { create, articlePublished, forUser };

'use strict';

const db = require('../db');
const slugify = require('../lib/slug');
const Tag = require('./tag');

const selectById = db.prepare('SELECT * FROM articles WHERE id = ?');
const selectBySlug = db.prepare('SELECT * FROM articles WHERE slug = ?');

const insert = db.prepare(`
  INSERT INTO articles (slug, title, description, body, author_id, created_at, updated_at)
  VALUES (@slug, @title, @description, @body, @authorId, @now, @now)
`);

const updateById = db.prepare(`
  UPDATE articles
  SET slug = @slug, title = @title, description = @description, body = @body, updated_at = @now
  WHERE id = @id
`);

const removeById = db.prepare('DELETE FROM articles WHERE id = ?');

const FILTERS = {
  tag: 'id IN (SELECT article_id FROM article_tags WHERE tag = ?)',
  author: 'author_id = (SELECT id FROM users WHERE username = ?)',
  favorited: `id IN (
    SELECT f.article_id FROM favorites f JOIN users u ON u.id = f.user_id WHERE u.username = ?
  )`,
  followedBy: 'author_id IN (SELECT followed_id FROM follows WHERE follower_id = ?)',
};

function fromRow(row) {
  if (!row) return null;
  return {
    id: row.id,
    slug: row.slug,
    title: row.title,
    description: row.description,
    body: row.body,
    authorId: row.author_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function findById(id) {
  return fromRow(selectById.get(id));
}

function findBySlug(slug) {
  return fromRow(selectBySlug.get(slug));
}

function list(filters, { limit, offset }) {
  const names = Object.keys(FILTERS).filter((name) => filters[name] !== undefined);
  const params = names.map((name) => filters[name]);
  const where = names.length > 0 ? `WHERE ${names.map((name) => FILTERS[name]).join(' AND ')}` : '';

  const rows = db
    .prepare(`SELECT * FROM articles ${where} ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?`)
    .all(...params, limit, offset);
  const { total } = db.prepare(`SELECT COUNT(*) AS total FROM articles ${where}`).get(...params);

  return { articles: rows.map(fromRow), total };
}

const create = db.transaction((authorId, { tagList = [], ...values }) => {
  const { lastInsertRowid } = insert.run({
    ...values,
    authorId,
    slug: slugify(values.title),
    now: new Date().toISOString(),
  });
  Tag.replaceForArticle(lastInsertRowid, tagList);
  return findById(lastInsertRowid);
});

const update = db.transaction((article, { tagList, ...changes }) => {
  const values = { ...article, ...changes, now: new Date().toISOString() };
  if (values.title !== article.title) values.slug = slugify(values.title);
  updateById.run(values);
  if (tagList !== undefined) Tag.replaceForArticle(article.id, tagList);
  return findById(article.id);
});

function destroy(article) {
  removeById.run(article.id);
}

module.exports = { findById, findBySlug, list, create, update, destroy };

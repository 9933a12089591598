'use strict';

const express = require('express');
const errors = require('../lib/errors');
const pagination = require('../lib/pagination');
const v = require('../lib/validate');
const auth = require('../middleware/auth');
const Article = require('../models/article');
const Favorite = require('../models/favorite');
const Follow = require('../models/follow');
const Notification = require('../models/notification');
const articleView = require('../views/article');
const comments = require('./comments');

const router = express.Router();

const content = { title: v.text, description: v.text, body: v.text };
const newArticle = { ...content, tagList: v.optional(v.tagList) };
const articleChanges = v.optionalAll(newArticle);

router.param('article', (req, _res, next, slug) => {
  req.article = Article.findBySlug(slug);
  next(req.article ? undefined : errors.notFound('article'));
});

function authorOnly(req, _res, next) {
  next(req.article.authorId === req.user.id ? undefined : errors.forbidden('article'));
}

function stringOnly(value) {
  return typeof value === 'string' ? value : undefined;
}

function sendList(req, res, filters) {
  const { articles, total } = Article.list(filters, pagination(req.query));
  res.json({
    articles: articles.map((article) => articleView(article, req.user, { withBody: false })),
    articlesCount: total,
  });
}

router.get('/', auth.optional, (req, res) => {
  sendList(req, res, {
    tag: stringOnly(req.query.tag),
    author: stringOnly(req.query.author),
    favorited: stringOnly(req.query.favorited),
  });
});

router.get('/feed', auth.required, (req, res) => {
  sendList(req, res, { followedBy: req.user.id });
});

router.post('/', auth.required, (req, res) => {
  const article = Article.create(req.user.id, v.validate(req.body, 'article', newArticle));

  Follow.followerIdsOf(req.user.id).forEach((followerId) => {
    Notification.articlePublished(followerId, article, req.user);
  });

  res.status(201).json({ article: articleView(article, req.user) });
});

router.get('/:article', auth.optional, (req, res) => {
  res.json({ article: articleView(req.article, req.user) });
});

router.put('/:article', auth.required, authorOnly, (req, res) => {
  const article = Article.update(req.article, v.validate(req.body, 'article', articleChanges));
  res.json({ article: articleView(article, req.user) });
});

router.delete('/:article', auth.required, authorOnly, (req, res) => {
  Article.destroy(req.article);
  res.status(204).end();
});

router.post('/:article/favorite', auth.required, (req, res) => {
  Favorite.add(req.user.id, req.article.id);
  res.json({ article: articleView(req.article, req.user) });
});

router.delete('/:article/favorite', auth.required, (req, res) => {
  Favorite.destroy(req.user.id, req.article.id);
  res.json({ article: articleView(req.article, req.user) });
});

router.use('/:article/comments', comments);

module.exports = router;

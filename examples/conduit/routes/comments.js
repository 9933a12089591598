'use strict';

const express = require('express');
const errors = require('../lib/errors');
const v = require('../lib/validate');
const auth = require('../middleware/auth');
const Comment = require('../models/comment');
const commentView = require('../views/comment');

// Mounted below /articles/:article, so `req.article` is already loaded.
const router = express.Router();

const newComment = { body: v.text };

router.param('comment', (req, _res, next, id) => {
  const comment = /^\d{1,15}$/.test(id) ? Comment.findById(Number(id)) : null;

  if (!comment || comment.articleId !== req.article.id) {
    return next(errors.notFound('comment'));
  }
  req.comment = comment;
  return next();
});

router.get('/', auth.optional, (req, res) => {
  const comments = Comment.forArticle(req.article.id);
  res.json({ comments: comments.map((comment) => commentView(comment, req.user)) });
});

router.post('/', auth.required, (req, res) => {
  const { body } = v.validate(req.body, 'comment', newComment);
  const comment = Comment.create({ body, articleId: req.article.id, authorId: req.user.id });
  res.status(201).json({ comment: commentView(comment, req.user) });
});

router.delete('/:comment', auth.required, (req, res) => {
  if (req.comment.authorId !== req.user.id) throw errors.forbidden('comment');
  Comment.destroy(req.comment);
  res.status(204).end();
});

module.exports = router;

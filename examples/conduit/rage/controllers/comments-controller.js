'use strict';

const errors = require('../../lib/errors');
const v = require('../../lib/validate');
const Article = require('../../models/article');
const Comment = require('../../models/comment');
const commentView = require('../../views/comment');
const CommentAdded = require('../events/comment-added');
const rage = require('..');
const ApplicationController = require('./application-controller');

const newComment = { body: v.text };

class CommentsController extends ApplicationController {
  static {
    this.beforeAction('loadArticle');
    this.beforeAction('loadComment', { only: 'destroy' });
    this.beforeAction('loadUser', { only: 'index' });
    this.beforeAction('requireUser', { except: 'index' });
  }

  index() {
    const comments = Comment.forArticle(this.article.id);
    return { comments: comments.map((comment) => commentView(comment, this.currentUser)) };
  }

  async create() {
    const { body } = v.validate(this.params, 'comment', newComment);
    const comment = Comment.create({ body, articleId: this.article.id, authorId: this.currentUser.id });
    await rage.events.publish(new CommentAdded(comment.id, this.article.id));
    this.render({ json: { comment: commentView(comment, this.currentUser) }, status: 'created' });
  }

  destroy() {
    if (this.comment.authorId !== this.currentUser.id) throw errors.forbidden('comment');
    Comment.destroy(this.comment);
    this.head('no_content');
  }

  loadArticle() {
    this.article = Article.findBySlug(this.params.article_slug);
    if (!this.article) throw errors.notFound('article');
  }

  loadComment() {
    const { id } = this.params;
    this.comment = /^\d{1,15}$/.test(id) ? Comment.findById(Number(id)) : null;
    if (!this.comment || this.comment.articleId !== this.article.id) throw errors.notFound('comment');
  }
}

module.exports = CommentsController;

'use strict';

const Article = require('../../models/article');
const Comment = require('../../models/comment');
const commentView = require('../../views/comment');
const FeedEvent = require('./feed-event');

class CommentAdded extends FeedEvent {
  constructor(commentId, articleId) {
    super();
    this.commentId = commentId;
    this.articleId = articleId;
  }

  toFeed() {
    return {
      type: 'comment',
      articleSlug: Article.findById(this.articleId).slug,
      comment: commentView(Comment.findById(this.commentId), null),
    };
  }
}

module.exports = CommentAdded;

'use strict';

const User = require('../models/user');
const profileView = require('./profile');

module.exports = function commentView(comment, viewer) {
  return {
    id: comment.id,
    createdAt: comment.createdAt,
    updatedAt: comment.updatedAt,
    body: comment.body,
    author: profileView(User.findById(comment.authorId), viewer),
  };
};

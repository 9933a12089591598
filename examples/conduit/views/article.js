'use strict';

const Favorite = require('../models/favorite');
const Tag = require('../models/tag');
const User = require('../models/user');
const profileView = require('./profile');

module.exports = function articleView(article, viewer, { withBody = true } = {}) {
  return {
    slug: article.slug,
    title: article.title,
    description: article.description,
    ...(withBody && { body: article.body }),
    tagList: Tag.forArticle(article.id),
    createdAt: article.createdAt,
    updatedAt: article.updatedAt,
    favorited: viewer ? Favorite.exists(viewer.id, article.id) : false,
    favoritesCount: Favorite.countFor(article.id),
    author: profileView(User.findById(article.authorId), viewer),
  };
};

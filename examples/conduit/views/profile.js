'use strict';

const Follow = require('../models/follow');

module.exports = function profileView(user, viewer) {
  return {
    username: user.username,
    bio: user.bio,
    image: user.image,
    following: viewer ? Follow.exists(viewer.id, user.id) : false,
  };
};

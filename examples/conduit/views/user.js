'use strict';

const token = require('../lib/token');

module.exports = function userView(user) {
  return {
    email: user.email,
    token: token.sign(user),
    username: user.username,
    bio: user.bio,
    image: user.image,
  };
};

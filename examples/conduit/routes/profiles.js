'use strict';

const express = require('express');
const errors = require('../lib/errors');
const auth = require('../middleware/auth');
const Follow = require('../models/follow');
const User = require('../models/user');
const profileView = require('../views/profile');

const router = express.Router();

router.param('username', (req, _res, next, username) => {
  req.profile = User.findByUsername(username);
  next(req.profile ? undefined : errors.notFound('profile'));
});

router.get('/:username', auth.optional, (req, res) => {
  res.json({ profile: profileView(req.profile, req.user) });
});

router.post('/:username/follow', auth.required, (req, res) => {
  if (req.profile.id === req.user.id) {
    throw errors.invalid({ username: ["can't be your own"] });
  }
  Follow.add(req.user.id, req.profile.id);
  res.json({ profile: profileView(req.profile, req.user) });
});

router.delete('/:username/follow', auth.required, (req, res) => {
  Follow.destroy(req.user.id, req.profile.id);
  res.json({ profile: profileView(req.profile, req.user) });
});

module.exports = router;

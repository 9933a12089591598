'use strict';

const express = require('express');
const errors = require('../lib/errors');
const v = require('../lib/validate');
const asyncHandler = require('../middleware/async-handler');
const auth = require('../middleware/auth');
const User = require('../models/user');
const userView = require('../views/user');

const router = express.Router();

const registration = { username: v.text, email: v.email, password: v.password };
const credentials = { email: v.text, password: v.text };
const settings = {
  ...v.optionalAll(registration),
  bio: v.optional(v.nullableText),
  image: v.optional(v.nullableText),
};

router.post(
  '/users',
  asyncHandler(async (req, res) => {
    const user = await User.create(v.validate(req.body, 'user', registration));
    res.status(201).json({ user: userView(user) });
  }),
);

router.post(
  '/users/login',
  asyncHandler(async (req, res) => {
    const { email, password } = v.validate(req.body, 'user', credentials);
    const user = User.findByEmail(email);

    if (!user || !(await User.checkPassword(user, password))) {
      throw errors.unauthorized('is invalid', 'email or password');
    }
    res.json({ user: userView(user) });
  }),
);

router.get('/user', auth.required, (req, res) => {
  res.json({ user: userView(req.user) });
});

router.put(
  '/user',
  auth.required,
  asyncHandler(async (req, res) => {
    const user = await User.update(req.user, v.validate(req.body, 'user', settings));
    res.json({ user: userView(user) });
  }),
);

module.exports = router;

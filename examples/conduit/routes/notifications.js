'use strict';

const express = require('express');
const auth = require('../middleware/auth');
const Notification = require('../models/notification');

const router = express.Router();

router.get('/', auth.required, (req, res) => {
  res.json({ notifications: Notification.forUser(req.user.id) });
});

module.exports = router;

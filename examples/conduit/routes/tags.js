'use strict';

const express = require('express');
const Tag = require('../models/tag');

const router = express.Router();

router.get('/', (_req, res) => {
  res.json({ tags: Tag.all() });
});

module.exports = router;

'use strict';

const express = require('express');

const router = express.Router();

router.use('/', require('./users'));
router.use('/profiles', require('./profiles'));
router.use('/articles', require('./articles'));
router.use('/tags', require('./tags'));
router.use('/notifications', require('./notifications'));

module.exports = router;

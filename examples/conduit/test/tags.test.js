'use strict';

const assert = require('node:assert');
const { api, createArticle, createUser, unique } = require('./helpers');

describe('tags', () => {
  it('lists each tag in use once, the most used first', async () => {
    const author = await createUser('author');
    const rare = unique('a-rare');
    const common = unique('common');
    await createArticle(author, { tagList: [rare, common] });
    await createArticle(author, { tagList: [common] });

    const res = await api().get('/api/tags');
    assert.strictEqual(res.status, 200);
    assert.deepStrictEqual(Object.keys(res.body), ['tags']);
    const tags = res.body.tags.filter((tag) => tag === rare || tag === common);
    assert.deepStrictEqual(tags, [common, rare]);
  });
});

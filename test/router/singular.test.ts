/** Singulars of the words that resources are named with. */
import assert from 'node:assert'
import { describe, it } from 'vitest'
import { singularOf } from '../../src/router/singular'

const pairs = {
  articles: 'article',
  categories: 'category',
  movies: 'movie',
  addresses: 'address',
  boxes: 'box',
  branches: 'branch',
  statuses: 'status',
  houses: 'house',
  cases: 'case',
  people: 'person',
  news: 'news',
  order_items: 'order_item',
  sales_people: 'sales_person',
  address: 'address',
  status: 'status',
  analysis: 'analysis',
  staff: 'staff',
}

describe('router: the singular', () => {
  for (const [plural, singular] of Object.entries(pairs)) {
    it(`of ${plural} is ${singular}`, () => assert.equal(singularOf(plural), singular))
  }
})

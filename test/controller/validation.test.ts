import assert from 'node:assert/strict'
import { type } from 'arktype'
import * as v from 'valibot'
import { describe, it } from 'vitest'
import { z } from 'zod'
import { type ConcreteController, Controller, compilePlan, InvalidParamsError } from '../../src/controller'
import { serve } from './support/serve'

const schemas = {
  zod: z.object({ quantity: z.number().int().min(1), items: z.array(z.object({ sku: z.string() })) }),
  valibot: v.object({
    quantity: v.pipe(v.number(), v.integer(), v.minValue(1)),
    items: v.array(v.object({ sku: v.string() })),
  }),
  arktype: type({ quantity: 'number.integer >= 1', items: type({ sku: 'string' }).array() }),
}

function ordersWith(schema: (typeof schemas)[keyof typeof schemas]) {
  return class extends Controller {
    static {
      this.validates('create', schema)
    }
    create() {
      return { validated: this.validated(schema), params: this.params }
    }
  }
}

const Later = z.object({ name: z.string().refine(async (name) => name !== 'taken', 'is taken') })
const Coerced = z.object({ page: z.coerce.number().default(1) })
const Line = z.array(z.object({ sku: z.string() }))

class Orders extends Controller {
  static {
    this.beforeAction('guard', { only: 'guarded' })
    this.validates(['later', 'guarded'], Later)
    this.validates(['list', 'both'], Coerced, { from: 'query' })
    this.validates('lines', Line, { from: 'body' })
    this.validates('both', Later, { from: 'body' })
  }
  guard() {
    this.head('forbidden')
  }
  guarded() {}
  later() {
    return this.params
  }
  list() {
    return this.params
  }
  lines() {
    return this.validated(Line).map(({ sku }) => sku)
  }
  both() {
    return { params: this.params, page: this.validated(Coerced).page }
  }
  undeclared() {
    return this.validated(Later)
  }
}

describe('controller: validation', () => {
  it.each(Object.entries(schemas))(
    'by %s: the action sees what it made, unknown keys as it says',
    async (_n, schema) => {
      const res = await serve(ordersWith(schema), 'create', { id: '7' })
        .post('/')
        .send({ quantity: 2, items: [{ sku: 'a' }] })

      assert.equal(res.status, 200, res.text)
      assert.equal(res.body.validated.quantity, 2)
      assert.equal(res.body.params.id, '7')
      assert.deepEqual(res.body.params.items, [{ sku: 'a' }])
    },
  )

  it.each(Object.entries(schemas))(
    'by %s: answers 422 with every field that is wrong',
    async (_n, schema) => {
      const res = await serve(ordersWith(schema), 'create')
        .post('/')
        .send({ quantity: 0, items: [{ sku: 1 }] })

      assert.equal(res.status, 422)
      assert.equal(res.headers['content-type'], 'application/problem+json; charset=utf-8')
      const problem = JSON.parse(res.text ?? res.body.toString())
      assert.equal(problem.status, 422)
      assert.equal(problem.code, 'RAGE_CONTROLLER_INVALID_PARAMS')
      assert.deepEqual(problem.errors.map(({ path }: { path: string }) => path).sort(), [
        'items.0.sku',
        'quantity',
      ])
      for (const { message } of problem.errors) assert.equal(typeof message, 'string')
    },
  )

  it('waits for asynchronous schemas', async () => {
    const good = await serve(Orders, 'later').post('/').send({ name: 'free' })
    const bad = await serve(Orders, 'later').post('/').send({ name: 'taken' })

    assert.deepEqual(good.body, { name: 'free' })
    assert.equal(bad.status, 422)
  })

  it('runs in the order of the callbacks: a guard comes first', async () => {
    assert.equal((await serve(Orders, 'guarded').post('/').send({})).status, 403)
  })

  it('leaves nothing unvalidated but the path', async () => {
    const res = await serve(Orders, 'list', { id: '7' }).get('/?page=3&admin=true')

    assert.deepEqual(res.body, { id: '7', page: 3 })
  })

  it('validates a body that is an array', async () => {
    assert.deepEqual(
      (
        await serve(Orders, 'lines')
          .post('/')
          .send([{ sku: 'a' }])
      ).body,
      ['a'],
    )
  })

  it('adds up when several schemas look at different parts', async () => {
    const res = await serve(Orders, 'both').post('/?page=2').send({ name: 'free', page: 9 })

    assert.deepEqual(res.body, { params: { page: 2, name: 'free' }, page: 2 })
  })

  it('can be rescued', async () => {
    class Own extends Orders {
      static {
        this.rescueFrom(InvalidParamsError, ({ facts }) => ({ fields: facts.issues.length }))
      }
    }

    assert.deepEqual((await serve(Own, 'later').post('/').send({})).body, { fields: 1 })
  })

  it('refuses a schema that is none, at boot, and a value nobody validated', async () => {
    class Bad extends Controller {
      static {
        this.validates('show', { type: 'object' } as never)
      }
      show() {}
    }

    assert.throws(() => compilePlan(Bad as unknown as ConcreteController, 'show', 'test'), {
      code: 'RAGE_CONTROLLER_NOT_A_SCHEMA',
    })
    assert.match((await serve(Orders, 'undeclared').get('/')).text, /RAGE_CONTROLLER_NOT_VALIDATED/)
  })
})

describe('controller: a validated body that names a parameter of the path', () => {
  const Item = z.object({ id: z.string(), title: z.string() })
  const Path = z.object({ id: z.coerce.number() })

  class Items extends Controller {
    static {
      this.validates(['update', 'coerced'], Item, { from: 'body' })
      this.validates('coerced', Path, { from: 'path' })
    }
    update() {
      return { params: this.params, body: this.validated(Item) }
    }
    coerced() {
      return this.params
    }
  }
  const body = { id: '999', title: 'x' }

  it('does not replace it: guards went by the path', async () => {
    const res = await serve(Items, 'update', { id: '1' }).put('/').send(body)

    assert.deepEqual(res.body, { params: { id: '1', title: 'x' }, body })
  })

  it('leaves that to a schema of the path', async () => {
    const res = await serve(Items, 'coerced', { id: '1' }).put('/').send(body)

    assert.deepEqual(res.body, { id: 1, title: 'x' })
  })
})

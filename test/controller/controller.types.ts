/** What the types of a controller must infer, and what must not compile. Checked by `tsc`, never run. */
import { type } from 'arktype'
import type express from 'express'
import helmet from 'helmet'
import * as v from 'valibot'
import { z } from 'zod'
import { Controller } from '../../src/controller'

const ByZod = z.object({ page: z.coerce.number() })
const ByValibot = v.object({ page: v.pipe(v.string(), v.transform(Number)) })
const ByArktype = type({ page: 'string.integer.parse' })

/** Helpers that an Express codebase has. */
const userOf = (req: express.Request): string => req.get('x-user') ?? req.ip ?? ''
const guard: express.RequestHandler = (req, _res, next) => next(userOf(req))
const errorGuard: express.ErrorRequestHandler = (_error, _req, _res, next) => next()

class ApplicationController extends Controller<express.Request, express.Response> {
  static {
    this.use(guard)
    this.use(helmet(), { only: 'show' })
    this.use((req, res, next) => {
      userOf(req)
      res.status(200)
      next()
    })
    this.use([guard, helmet()])
    this.skipBeforeAction(guard)
    // @ts-expect-error four parameters
    this.use(errorGuard)
    // @ts-expect-error no such action
    this.use(guard, { only: 'shwo' })
    this.rescueFrom(RangeError, (error, controller) => {
      userOf(controller.req)
      controller.render({ text: error.message })
    })
  }

  show() {
    userOf(this.req)
    userOf(this.request)
    this.res.status(201).json({ locals: this.response.locals })
  }
}

class Child extends ApplicationController {
  static {
    this.beforeAction('load')
    this.afterAction((controller) => controller.order?.id)
  }
  order: { readonly id: number } | null = null
  load() {
    this.order = { id: 1 }
  }
}

class Plain extends Controller {
  static {
    this.use((req, res, next) => {
      const { url, user }: { url?: string | undefined; user?: unknown } = req
      res.setHeader('x', String(url ?? user))
      next()
    })
    this.validates('index', ByZod)
    this.validates(['index', 'other'], ByValibot, { from: 'query' })
    this.validates('other', ByArktype)
    // @ts-expect-error no such action
    this.validates('indx', ByZod)
    // @ts-expect-error no schema
    this.validates('index', { type: 'object' })
    // @ts-expect-error no such source
    this.validates('index', ByZod, { from: 'header' })
    this.wrapParameters('order', { include: ['sku'], format: 'json' })
    this.wrapParameters(false)
    this.httpBasicAuthenticateWith({ name: 'a', password: 'b', only: 'index' })
    this.skipAfterAction('index')
    this.rescueAsProblems()
  }

  index() {
    const zod: number = this.validated(ByZod).page
    const valibot: number = this.validated(ByValibot).page
    const arktype: number = this.validated(ByArktype).page
    // @ts-expect-error no such member
    this.validated(ByZod).pgae
    return zod + valibot + arktype
  }

  async other() {
    this.render({ json: 1, status: 'im_a_teapot' })
    this.render({ file: 'a', root: 'b', download: true, status: 299 })
    this.render({ csv: [1], status: 'ok' })
    this.head('unprocessable_content')
    // @ts-expect-error a misspelt status
    this.head('not_fond')
    // @ts-expect-error a misspelt status
    this.render({ json: 1, status: 'crated' })
    // @ts-expect-error a misspelt status
    this.redirectTo('/', { status: 'fond' })
    // @ts-expect-error no text
    this.render({ text: 1 })
    const found: string | null = this.authenticateWithHttpToken((token) => token)
    const later: Promise<boolean> | null = this.authenticateWithHttpToken(async (token) => token === 'a')
    return [found, await later]
  }
}

export const controllers = [Child, Plain]

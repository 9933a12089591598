import type { Express } from 'express'
import type { WireRequest } from './wire'

export interface Tools {
  readonly express: typeof import('express')
  readonly major: 4 | 5
  mount(target: unknown, path?: string): void
  probe(label: string): never
  note(...values: unknown[]): void
  boom(message: string, status?: number): Error
}

export interface Case {
  readonly name: string
  readonly app: (tools: Tools) => Express
  readonly requests: readonly WireRequest[]
  readonly only?: 4 | 5
  readonly notContext?: boolean
}

export const cases: readonly Case[]

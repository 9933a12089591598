/** Constraints around what is drawn: they go into the frame, and each must have had something to constrain. */
import { type Constraints, settleConstraints } from './constraints'
import { BadConstraintError } from './errors'
import type { Frame } from './frame'

/** The part of a frame that constraints change. */
export type Constrained = Pick<Frame, 'conditions' | 'params'>

/** What is to be constrained, and where that is said. */
export interface Constraining {
  readonly constraints: Constraints | undefined
  readonly source: string
}

/**
 * @param draw draws at once; what it draws carries what it is given.
 * @throws BadConstraintError, also for a parameter that no route drawn has.
 */
export function drawConstrained(
  frame: Frame,
  { constraints, source }: Constraining,
  draw: (constrained: Constrained) => void,
): void {
  const { conditions, params } = settleConstraints(constraints, source)
  draw({
    conditions: [...frame.conditions, ...conditions],
    params: { ...frame.params, ...params },
  })
  for (const [param, { isUsed }] of Object.entries(params)) {
    if (isUsed) continue
    const reason = `names "${param}", a parameter that no route drawn with it has, or that has a pattern`
    throw new BadConstraintError({ given: constraints, reason, source })
  }
}

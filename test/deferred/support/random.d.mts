/** Types of random.mjs. */
export function randomFrom(seed: number): () => number
export function after(ms: number): Promise<void>

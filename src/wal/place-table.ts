/**
 * Where records lie, by the sequence of their entry: pages of cells sorted by sequence, 16 bytes a record, no object
 * per entry. Sequences mostly come in ascending order, which fills pages to the last cell. Nothing is ever copied to
 * make room for more: no change takes longer than one page takes, and no memory is left behind for others to fit into.
 *
 *   first sequence of each page ─► page ─► cells: sequence less that of the page, location (two numbers), bytes
 */

const pageBits = 10
const pageCells = 1 << pageBits
/** Numbers of a cell. */
const width = 4
/** Neighbours with no more between them become one. */
const mergedCells = 768
/** Fewer cells that mean nothing any more are left alone. */
const fewDead = 32
const two32 = 2 ** 32

interface Page {
  /** What the first of its sequences was. */
  base: number
  readonly cells: Uint32Array
  /** Cells in use, those of records that are gone included: their location is 0. */
  count: number
  live: number
}

/** A slot names a cell until the next record is put in or taken out. */
export class PlaceTable {
  /** Records in it. */
  size = 0
  readonly #pages: Page[] = []
  /** Where the last search ended: the next one is often about a neighbour. */
  #recent = 0
  /** The cell of the page that `#roomFor` answers. */
  #cell = 0
  /** A page that became empty, for the next one. */
  #spare: Page | null = null

  /** Memory it takes, used or not. */
  get reservedBytes(): number {
    return this.#pages.length * pageCells * width * Uint32Array.BYTES_PER_ELEMENT
  }

  /** The slot of the entry, or -1. */
  find(sequence: number): number {
    const index = this.#pageOf(sequence)
    if (index < 0) return -1
    const page = this.#pages[index]!
    const cell = cellOf(page, sequence - page.base)
    if (cell === page.count || keyAt(page, cell) !== sequence - page.base || isDead(page, cell)) return -1
    return index * pageCells + cell
  }

  /** For an entry that is not there. */
  insert(sequence: number, location: number, bytes: number): void {
    const page = this.#roomFor(sequence)
    put(page, this.#cell, sequence - page.base, location, bytes)
    page.live += 1
    this.size += 1
  }

  location(slot: number): number {
    const { cells } = this.#pageAt(slot)
    const at = (slot & (pageCells - 1)) * width
    return cells[at + 2]! * two32 + cells[at + 1]!
  }

  /** Of the record, on disk. */
  bytes(slot: number): number {
    return this.#pageAt(slot).cells[(slot & (pageCells - 1)) * width + 3]!
  }

  set(slot: number, location: number, bytes: number): void {
    const page = this.#pageAt(slot)
    const cell = slot & (pageCells - 1)
    put(page, cell, keyAt(page, cell), location, bytes)
  }

  remove(slot: number): void {
    const page = this.#pageAt(slot)
    const at = (slot & (pageCells - 1)) * width
    page.cells[at + 1] = page.cells[at + 2] = 0
    page.live -= 1
    this.size -= 1
    const dead = page.count - page.live
    if (page.live === 0) this.#discard(slot >>> pageBits)
    else if (dead >= fewDead && dead * 2 > page.count) this.#shrink(slot >>> pageBits)
  }

  /** All sequences, lowest first, into `target`. */
  copySequences(target: Float64Array): void {
    let end = 0
    for (const page of this.#pages)
      for (let cell = 0; cell < page.count; cell++)
        if (!isDead(page, cell)) target[end++] = page.base + keyAt(page, cell)
  }

  #pageAt(slot: number): Page {
    return this.#pages[slot >>> pageBits]!
  }

  /** Index of the last page that does not begin after the sequence, or -1. */
  #pageOf(sequence: number): number {
    const pages = this.#pages
    let low = 0
    let high = pages.length
    const recent = this.#recent
    if (recent < high && pages[recent]!.base <= sequence) {
      if (recent + 1 === high || pages[recent + 1]!.base > sequence) return recent
      low = recent + 1
    }
    if (high > 0 && pages[high - 1]!.base <= sequence) low = high
    while (low < high) {
      const middle = (low + high) >> 1
      if (pages[middle]!.base <= sequence) low = middle + 1
      else high = middle
    }
    if (low > 0) this.#recent = low - 1
    return low - 1
  }

  /** The page that the sequence belongs in, and a cell of it that is free. */
  #roomFor(sequence: number): Page {
    const index = this.#pageOf(sequence)
    const page = this.#pages[index]
    if (page !== undefined && sequence - page.base < two32) {
      const cell = cellOf(page, sequence - page.base)
      // Of a record that is gone.
      if (cell < page.count && keyAt(page, cell) === sequence - page.base) {
        this.#cell = cell
        return page
      }
      if (page.count < pageCells) return this.#open(page, cell)
      if (page.live < page.count) {
        compress(page)
        return this.#roomFor(sequence)
      }
      if (cell < page.count) {
        this.#split(index, cell)
        return this.#roomFor(sequence)
      }
    }
    return this.#roomBefore(index + 1, sequence)
  }

  /** In front of the page, in it if that has room, else in a new one. */
  #roomBefore(index: number, sequence: number): Page {
    const page = this.#pages[index]
    if (page !== undefined && page.count < pageCells && rebase(page, sequence)) return this.#open(page, 0)
    const added = this.#emptyPage(sequence)
    this.#pages.splice(index, 0, added)
    return this.#open(added, 0)
  }

  /** Moves what begins at the cell up by one. */
  #open(page: Page, cell: number): Page {
    if (cell < page.count) page.cells.copyWithin((cell + 1) * width, cell * width, page.count * width)
    page.count += 1
    this.#cell = cell
    return page
  }

  /** What begins at the cell becomes a page of its own. */
  #split(index: number, cell: number): void {
    const page = this.#pages[index]!
    const right = this.#emptyPage(page.base + keyAt(page, cell))
    append(right, page, cell)
    page.live -= right.live
    page.count = cell
    this.#pages.splice(index + 1, 0, right)
  }

  #emptyPage(base: number): Page {
    const cells = this.#spare?.cells ?? new Uint32Array(pageCells * width)
    this.#spare = null
    return { base, cells, count: 0, live: 0 }
  }

  /** The last page stays: a table with little in it would need a new one all the time. */
  #discard(index: number): void {
    const page = this.#pages[index]!
    page.count = page.live = 0
    if (this.#pages.length === 1) return
    this.#spare = page
    this.#pages.splice(index, 1)
  }

  #shrink(index: number): void {
    compress(this.#pages[index]!)
    if (!this.#merge(index)) this.#merge(index - 1)
  }

  /** With the page after it, if both have room in one. */
  #merge(index: number): boolean {
    const [page, next] = [this.#pages[index], this.#pages[index + 1]]
    if (page === undefined || next === undefined || page.live + next.live > mergedCells) return false
    if (next.base + keyAt(next, next.count - 1) - page.base >= two32) return false
    compress(page)
    append(page, next, 0)
    this.#discard(index + 1)
    return true
  }
}

function keyAt({ cells }: Page, cell: number): number {
  return cells[cell * width]!
}

function isDead({ cells }: Page, cell: number): boolean {
  return cells[cell * width + 1] === 0 && cells[cell * width + 2] === 0
}

function put({ cells }: Page, cell: number, key: number, location: number, bytes: number): void {
  const at = cell * width
  // A remainder of such numbers costs more than all the rest.
  const high = Math.floor(location / two32)
  cells[at] = key
  cells[at + 1] = location - high * two32
  cells[at + 2] = high
  cells[at + 3] = bytes
}

/** The first cell whose key is not below. Without gaps a key says where it lies. */
function cellOf(page: Page, key: number): number {
  const { count } = page
  if (count === 0 || keyAt(page, count - 1) < key) return count
  const guess = key - keyAt(page, 0)
  if (guess >= 0 && guess < count && keyAt(page, guess) === key) return guess
  let low = 0
  let high = count - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (keyAt(page, middle) < key) low = middle + 1
    else high = middle
  }
  return low
}

/** Drops the cells of records that are gone. */
function compress(page: Page): void {
  const { count } = page
  page.count = 0
  for (let cell = 0; cell < count; cell++) if (!isDead(page, cell)) copy(page, cell, page, keyAt(page, cell))
}

/** The records of another page from this cell on, behind those that are there. */
function append(page: Page, source: Page, start: number): void {
  const shift = source.base - page.base
  for (let cell = start; cell < source.count; cell++) {
    if (isDead(source, cell)) continue
    copy(source, cell, page, keyAt(source, cell) + shift)
    page.live += 1
  }
}

/** Behind what is there. One by one: `copyWithin` costs more than so few numbers. */
function copy({ cells: source }: Page, cell: number, page: Page, key: number): void {
  const { cells } = page
  const from = cell * width
  const to = page.count * width
  cells[to] = key
  cells[to + 1] = source[from + 1]!
  cells[to + 2] = source[from + 2]!
  cells[to + 3] = source[from + 3]!
  page.count += 1
}

/** Lets the page begin earlier; `false` = it would be too long. */
function rebase(page: Page, base: number): boolean {
  const shift = page.base - base
  if (keyAt(page, page.count - 1) + shift >= two32) return false
  for (let cell = 0; cell < page.count; cell++) page.cells[cell * width] = keyAt(page, cell) + shift
  page.base = base
  return true
}

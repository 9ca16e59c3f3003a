import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openSmallStore, type SmallStore } from './small-store.ts'

const STEPS = [{ name: '1 notes', sql: 'CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT) STRICT' }]

let folder: string
let file: string
let store: SmallStore
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'levee-store-'))
  file = path.join(folder, 'deep/store.db')
  store = await openSmallStore(file, STEPS)
})
afterEach(() => {
  store.close()
  rmSync(folder, { recursive: true })
})

const texts = (of: SmallStore) => of.all<{ text: string }>('SELECT text FROM notes').map(({ text }) => text)

it('keeps what it was told, and does each step once', async () => {
  expect(store.run('INSERT INTO notes (text) VALUES (?)', 'a')).toBe(1)
  store.close()
  store = await openSmallStore(file, [
    ...STEPS,
    { name: '2 more', sql: "INSERT INTO notes (text) VALUES ('b')" },
  ])
  expect(texts(store)).toEqual(['a', 'b'])
  expect(store.one('SELECT text FROM notes WHERE id = ?', 3)).toBeUndefined()
})

it('does all of a transaction or nothing', () => {
  const work = () => {
    store.run('INSERT INTO notes (text) VALUES (?)', 'a')
    throw new Error('no')
  }
  expect(() => store.transact(work)).toThrow('no')
  expect(texts(store)).toEqual([])
  expect(store.transact(() => store.run('INSERT INTO notes (text) VALUES (?)', 'b'))).toBe(1)
  expect(texts(store)).toEqual(['b'])
})

it('is read by another process while one writes, which sees whole transactions', async () => {
  const other = await openSmallStore(file, STEPS)
  store.transact(() => {
    store.run('INSERT INTO notes (text) VALUES (?)', 'a')
    expect(texts(other)).toEqual([])
  })
  expect(texts(other)).toEqual(['a'])
  other.close()
})

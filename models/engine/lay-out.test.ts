import { expect, test } from 'vitest'
import { layOut } from './lay-out.ts'

test('SQL gets a line a column and a clause, and sub-queries are indented', () => {
  const sql = `with "a" as (select "x", round("y", 2) as "y" from "t" where "x" is distinct from 'from, where') select count(*) from "a"  inner join "b" on true`
  expect(layOut(sql)).toBe(`with "a" as (
  select
    "x",
    round("y", 2) as "y"
  from "t"
  where "x" is distinct from 'from, where'
)
select
  count(*)
from "a"
inner join "b" on true`)
})

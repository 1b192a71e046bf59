"""The quantitative sentences of the papers, as expressions over printed cells.

`tables/paperN/claims.toml` holds one `[[claims]]` a statement: `where` it stands, the words as
`printed`, what it `says` in other words, its `kind` (result, cost, speed, recipe or unit), the
expression that must hold (`holds`), or `why` no printed cell can check it, and perhaps a `note`.

    holds = "table1[Ours 256x192].gflops / table1[SimpleBaseline MobileNetV3*].gflops ~ 35%"

Statement   comparisons joined by `and`; a chain `a < b < c` is two of them.
Comparison  `~` equal as printed: the left side, rounded or cut to the digits of the right side,
            gives it. The right side is a number or a cell; anything else needs a tolerance,
            `a ~ b +- 0.1`, which also replaces the digits of a number.
            `=` exactly equal; `<` `<=` `>` `>=`.
Arithmetic  `+ - * / ^ ( )`; exponents are whole numbers from -8 to 8.
Number      `0.58`, `5e-4`, with a unit if any: `35%` is 0.35 and is for ratios; `0.58G`, `3.1M`,
            `2.2ms`, `55FPS` are in the unit of the column; `57k` is 57000; `7.4x` is 7.4.
            Points of AP and PCKh carry no unit: `table1[A].ap - table1[B].ap ~ 1.2`.
Cell        `table3[LPN-50 GC].ap`, `paper2:table3[LPN-50 GC].flops`. In brackets stands the row's
            label, or an unambiguous beginning of it, or `#3` for the third row. After the dot
            stands the column's key, metric or label (`table5[Ours]."FPS(GPU)"`). A cell's value
            is the printed number in the unit of its column. `figure4[LPN-50].fps` is what the
            text states beside the tables.
Cells       `table1.ap` the whole column as far as printed, `table1[LPN*].ap` the rows that match.
            Patterns may be several: `[SimpleBaseline*, HRNet*]`; `!` leaves out:
            `[!Ours*, !Lite-HRNet-30*]`; `@` is the row's group: `[@Small*, !WLitePose*]`; a label
            with any of `, [ ] ! @ # * ? "` in it is quoted: `["+ DFC, late"]`.
            Arithmetic and comparisons of several cells go row by row, and must hold for each:
            `table5.beta_160 > table5.common`.
Functions   of cells, numbers and arithmetic: `max` `min` `mean` `sum` `count`;
            `best(table1.ap)` the highest, of params, macs and latency the lowest;
            `rank(table1[Ours 256x192].ap)` the cell's place in its column, 1 is best,
            `rank(cell, cells)` among these cells.
Fact        `recipes.paper.batch`, in a case `recipes.paper[crowdpose].epochs`; of a list the second
            item `recipes.paper.milestones.2`, of a table `recipes.paper.loss.settings.tau`;
            `protocols."coco-val2017".nms`, `timings.laptop.batch`.
Text        `recipes.paper.optimizer = "Adam"`, `table1[LPN-50].pretrain = "N"`: as printed, with
            `=` alone; a switch is "true" or "false".

Every printed number stands for all values that print so, and arithmetic is that of intervals: a
comparison that fails with the printed digits may still hold `by rounding`.
"""

"""The quantitative sentences of the papers, as expressions over printed cells and known facts.

`tables/paperN/claims.toml` holds one `[[claims]]` a statement: `where` it stands, the words as
`printed`, what it `says` in other words, its `kind` (result, cost, speed, recipe, unit or
reference), the expression that must hold (`holds`), or `why` nothing at hand can check it, and
perhaps a `note`.

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
Recipe      `recipes.paper.batch`, in a case `recipes.paper[crowdpose].epochs`; of a list the second
            item `recipes.paper.milestones.2`, of a table `recipes.paper.loss.settings.tau`;
            `protocols."coco-val2017".nms`, `timings.laptop.batch`.
Network     `model[lpn_50].params`, with options `model[cbam_litehrnet width=48].params`; of some
            modules `model[lpn_50]."deconv_layers.*:ConvTranspose2d".groups`: a pattern of their
            paths, after a colon their class, then one of the questions of
            `repro.papers.network_facts`. The answers lie in `tables/paperN/networks.json`, which
            `repro claims paperN --networks` writes from the networks as they are built.
Data set    `datasets.coco.joints`, `datasets.coco.train2017.images`, `metrics.AP.thresholds`: the
            counts of `repro.papers.datasets` and the figures of `tables/public_facts.toml`.
Equation    `equation4[P=H, H=0.9].weight`: what a printed equation gives at a point, see
            `repro.equations.facts`.
Contents    `printed.table7 = "a table"`, `printed.table1.AR50 = "a column"`: what is printed at
            all; else it is "no table" or, by its name, "no column AR50".
Text        `recipes.paper.optimizer = "Adam"`, `table1[LPN-50].pretrain = "N"`: as printed, with
            `=` alone; a switch is "true" or "false".

What a network shows depends on whose it is. One with public code decides like a printed number.
Ours of a paper without code is a reading: where it has what a sentence says it was built so, and
where it has not, that is measured otherwise and contradicts nobody.

Every printed number stands for all values that print so, and arithmetic is that of intervals: a
comparison that fails with the printed digits may still hold `by rounding`.
"""

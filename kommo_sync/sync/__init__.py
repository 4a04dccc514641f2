"""CRM → store: walks, what events name, sweeps.

One cycle of an account, in order (`cycle`):

1. the small lists, read whole;
2. a walk of each kind of record: pages ordered by id, everything at first, later what
   changed since the last cycle began, less an overlap (`walk`);
3. the account's own history, the events (`walk` again), and what follows from it: the
   records it names are asked for by id; who is absent is buried, who was merged is
   followed (`consequences`);
4. pages that moved while they were read are read again (`hiding`), in rounds, until
   nothing can hide (`rounds`); then each walk is settled: only now its watermark moves;
5. after a whole walk, kept records that it did not meet are asked for by id (`sweep`);
6. what the CRM holds is counted, beside what we hold (`recount`).
"""

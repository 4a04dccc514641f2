"""The walk of the data, one short function a stage. New here? Read this first.

connect   a person        a token is tried, then saved           `connect_account`
sync      each hour       CRM → store                            `sync_account`
score     each night      store → what is thought of each client `score_account`
backtest  a person        the same on each month of the past     `backtest_account`
explain   a person        why one client is judged so            `explain_client`

No stage calls the next: each reads what the last one left in the store, so any can be
run alone, again after a crash, or not at all.
"""

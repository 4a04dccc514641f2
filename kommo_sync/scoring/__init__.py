"""From kept records to kept judgements: nothing here talks to the CRM.

counting   leads and contacts → whose deals count, for whom, when and how much
judging    deals → what is thought of each client, kept where it differs
recalling  a judgement of the past, made again from what it rested on
"""

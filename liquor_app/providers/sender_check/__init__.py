"""Whether mailboxes can know our e-mail for ours: SPF, DKIM and DMARC of each domain we send as."""

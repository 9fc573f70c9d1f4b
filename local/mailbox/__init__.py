"""A mailbox for the local run: takes every mail by SMTP, keeps it as a file, shows it in the browser."""

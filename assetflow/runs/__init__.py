"""What is happening and what happened: states, the rule-book, facts and the store protocols."""

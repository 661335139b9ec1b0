"""HTTP requests of guests: to which hosts they may go, and what holds back the others."""

# Tables 8 and 9: QuerySummary with 40 % of the patients.
_base_ = './query_summary.py'
train_dataloader = dict(dataset=dict(subset=dict(patient_fraction=0.4)))

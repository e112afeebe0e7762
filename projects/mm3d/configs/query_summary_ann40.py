# Table 10: QuerySummary with boxes for 40 % of the malignant patients.
_base_ = './query_summary.py'
train_dataloader = dict(dataset=dict(subset=dict(annotated_fraction=0.4)))
